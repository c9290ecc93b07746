//! The small services, and what is not there.

use serde_json::json;

use crate::served::Served;

#[test]
fn the_caller_is_somebody_of_the_account() {
    let served = Served::small();
    let caller = served.aws(&["sts", "get-caller-identity"]).json();
    assert_eq!(caller["Account"], "123456789012");
    assert!(caller["Arn"].as_str().expect("an ARN").starts_with("arn:aws:iam::123456789012:"), "{caller}");
}

#[test]
fn secrets_parameters_and_roles_are_there_or_not() {
    let served = Served::small();
    let secret = served.aws(&["secretsmanager", "describe-secret", "--secret-id", "myapp/staging/database-url"]).json();
    assert_eq!(secret["Name"], "myapp/staging/database-url");
    served.aws(&["secretsmanager", "describe-secret", "--secret-id", "nothing"]).refused("ResourceNotFoundException");

    let filter = "Key=Name,Option=Equals,Values=/myapp/flag,/myapp/other";
    let parameters = served.aws(&["ssm", "describe-parameters", "--parameter-filters", filter]).json();
    let parameters = parameters["Parameters"].as_array().expect("parameters");
    assert_eq!(parameters.len(), 1, "{parameters:?}");
    assert_eq!(parameters[0]["Name"], "/myapp/flag");
    let put = ["ssm", "put-parameter", "--name", "/myapp/flag", "--value", "off", "--type", "String"];
    served.aws(&put).refused("ParameterAlreadyExists");
    assert_eq!(served.aws(&["ssm", "get-parameter", "--name", "/myapp/flag"]).json()["Parameter"]["Version"], 1);

    let role = served.aws(&["iam", "get-role", "--role-name", "myapp-task"]).json();
    assert_eq!(role["Role"]["RoleName"], "myapp-task");
    served.aws(&["iam", "get-role", "--role-name", "nobody"]).refused("NoSuchEntity");
}

#[test]
fn an_alarm_is_put_set_and_described() {
    let served = Served::small();
    assert_eq!(served.aws(&["cloudwatch", "describe-alarms"]).json()["MetricAlarms"], json!([]));
    let put = "cloudwatch put-metric-alarm --alarm-name errors --namespace App --metric-name Errors --statistic Sum \
               --period 60 --evaluation-periods 1 --threshold 5 --comparison-operator GreaterThanThreshold";
    served.aws(&put.split_whitespace().collect::<Vec<_>>()).text();
    let set = "cloudwatch set-alarm-state --alarm-name errors --state-value ALARM --state-reason test";
    served.aws(&set.split_whitespace().collect::<Vec<_>>()).text();
    let alarms = served.aws(&["cloudwatch", "describe-alarms", "--alarm-names", "errors", "other"]).json();
    assert_eq!(alarms["MetricAlarms"][0]["StateValue"], "ALARM", "{alarms}");
    assert_eq!(alarms["MetricAlarms"].as_array().map(Vec::len), Some(1), "{alarms}");
}

#[test]
fn logs_are_written_and_read() {
    let served = Served::small();
    let call = |line: &str| served.aws(&line.split_whitespace().collect::<Vec<_>>());
    call("logs get-log-events --log-group-name /ecs/app --log-stream-name one").refused("ResourceNotFoundException");
    call("logs create-log-group --log-group-name /ecs/app").text();
    call("logs create-log-stream --log-group-name /ecs/app --log-stream-name one").text();
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a time").as_millis();
    let events = format!("timestamp={now},message=hello");
    let put = ["logs", "put-log-events", "--log-group-name", "/ecs/app", "--log-stream-name", "one", "--log-events"];
    served.aws(&[&put[..], &[&events]].concat()).text();
    let read = call("logs get-log-events --log-group-name /ecs/app --log-stream-name one").json();
    assert_eq!(read["events"][0]["message"], "hello", "{read}");
    let found = call("logs filter-log-events --log-group-name /ecs/app").json();
    assert_eq!(found["events"][0]["logStreamName"], "one", "{found}");
}

#[test]
fn what_is_not_there_is_an_error_that_names_it() {
    let served = Served::small();
    let said = served.aws(&["ecr", "describe-registry"]);
    assert!(format!("{said:?}").contains("DescribeRegistry"), "{said:?}");
    let said = served.aws(&["iam", "list-users"]);
    assert!(format!("{said:?}").contains("ListUsers"), "{said:?}");
}

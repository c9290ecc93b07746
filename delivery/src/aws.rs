//! How AWS is reached: one connector for everything, clients made from it, limits and retries stated here.
//!
//! **Invariant**: this is the only seam between the engine and the cloud. Tests put the rehearsal
//! cloud behind the connector; serialisation, retries and errors are the real ones.

pub mod alarms;
pub mod ecr;
pub mod ecs;
mod expired;
pub mod metrics;
pub mod signed;
pub mod transport;

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_ecs::config::retry::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;

use expired::Renewing;
pub use transport::Transport;

/// How long one attempt of a call may take; then it is tried again.
pub const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);
/// How long a call may take with all its attempts and the pauses between them.
pub const CALL_LIMIT: Duration = Duration::from_mins(1);
/// How many attempts a call gets: throttling, 5xx, lost and late answers and expired credentials are
/// tried again.
pub const ATTEMPTS: u32 = 8;
/// The first pause between attempts; it doubles, with jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Clients of everything that the engine talks to.
#[derive(Clone, Debug)]
pub struct Clients {
    /// ECS.
    pub ecs: aws_sdk_ecs::Client,
    /// ECR.
    pub ecr: aws_sdk_ecr::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// STS.
    pub sts: aws_sdk_sts::Client,
    /// CloudWatch.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// What everything is sent through.
    pub transport: Transport,
    credentials: SharedCredentialsProvider,
    endpoint: Option<String>,
    region: String,
}

impl Clients {
    /// Clients with the credentials that the process's environment leads to, in the order of AWS's
    /// own tools: variables, profile, web identity, the container's and the machine's roles.
    /// `AWS_ENDPOINT_URL` is obeyed.
    pub async fn from_environment(region: &str) -> anyhow::Result<Self> {
        let transport = Transport::over_the_network();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .http_client(transport.http_client())
            .retry_config(retries())
            .timeout_config(timeouts())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .load()
            .await;
        Self::new(&config, transport, region)
    }

    /// Clients of whatever answers behind this transport at this address, with made-up credentials.
    pub fn over(transport: Transport, endpoint: &str, region: &str) -> anyhow::Result<Self> {
        let credentials = Credentials::new("rehearsal", "rehearsal", None, None, "rehearsal");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(endpoint)
            .http_client(transport.http_client())
            .retry_config(retries())
            .timeout_config(timeouts())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Self::new(&config, transport, region)
    }

    fn new(config: &SdkConfig, transport: Transport, region: &str) -> anyhow::Result<Self> {
        let credentials = config
            .credentials_provider()
            .ok_or_else(|| anyhow::anyhow!("there is nowhere to look for AWS credentials"))?;
        let renewing = Renewing::new();
        let config = &config.to_builder().identity_cache(renewing.clone()).build();
        macro_rules! client {
            ($sdk:ident) => {{
                let config = $sdk::config::Builder::from(config)
                    .retry_classifier(renewing.clone())
                    .retry_partition(unrationed())
                    .build();
                $sdk::Client::from_conf(config)
            }};
        }
        Ok(Self {
            ecs: client!(aws_sdk_ecs),
            ecr: client!(aws_sdk_ecr),
            secrets: client!(aws_sdk_secretsmanager),
            sts: client!(aws_sdk_sts),
            cloudwatch: client!(aws_sdk_cloudwatch),
            transport,
            credentials,
            endpoint: config.endpoint_url().map(str::to_owned),
            region: region.to_owned(),
        })
    }

    /// The credentials of the moment, for requests that are signed by hand.
    pub async fn credentials(&self) -> anyhow::Result<Credentials> {
        self.credentials.provide_credentials().await.map_err(anyhow::Error::from)
    }

    /// The one address of all services, when there is one: `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(FIRST_PAUSE)
        .with_max_backoff(LONGEST_PAUSE)
}

/// Retries are bounded by attempts and time, call by call. The SDK's quota, one for the whole process,
/// would leave a call without any after an outage, which is when they are needed.
fn unrationed() -> RetryPartition {
    RetryPartition::custom("slipway").token_bucket(TokenBucket::unlimited()).build()
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_LIMIT).operation_timeout(CALL_LIMIT).build()
}

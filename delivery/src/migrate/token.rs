//! The token of a migration: whoever knows the same and wants the same has the same.

use crate::aws::ecs::Task;
use crate::release::Digest;

/// The token for starting what these words say, when these tasks were known and all of them had stopped.
/// A nonce makes it another that nobody has used.
pub(super) fn of(wish: &[&str], known: &[Task], nonce: Option<&str>) -> String {
    let mut attempts: Vec<&str> = known.iter().map(Task::id).collect();
    attempts.sort_unstable();
    let attempts = attempts.join(",");
    let words = [wish, &[attempts.as_str(), nonce.unwrap_or_default()]].concat();
    // ECS takes 64 characters at the most, which these are.
    Digest::of(words.join("\n").as_bytes()).hex().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_wish_has_the_same_token_until_an_attempt_is_known() {
        let task = |id: &str| Task {
            arn: format!("arn:aws:ecs:r:a:task/c/{id}"),
            task_definition: String::new(),
            started_by: None,
            last_status: "STOPPED".to_owned(),
            desired_status: "STOPPED".to_owned(),
            health: None,
            stop_code: None,
            stopped_reason: None,
            containers: Vec::new(),
            created_at: None,
            stopped_at: None,
        };
        let token = |known: &[Task], nonce| of(&["migrate-staging", "myapp:7"], known, nonce);
        assert_eq!(token(&[], None), token(&[], None));
        assert_eq!(token(&[task("a"), task("b")], None), token(&[task("b"), task("a")], None));
        let all = [
            token(&[], None),
            token(&[], Some("nonce")),
            token(&[task("a")], None),
            of(&["migrate-production", "myapp:7"], &[], None),
            of(&["migrate-staging", "myapp:8"], &[], None),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(one.len() <= 64 && !all[..index].contains(one), "{all:?}");
        }
    }
}

//! The page that a run leaves.

use delivery::edge::Stop;

use crate::stage::Stage;

impl Stage {
    /// The pages that were left: their names, the oldest first, and what stands on them.
    fn pages(&self) -> Vec<(String, String)> {
        let Ok(folder) = std::fs::read_dir(self.tree().join("target/delivery")) else { return Vec::new() };
        let paths = folder.map(|entry| entry.expect("an entry").path());
        let mut pages: Vec<_> = paths
            .map(|path| {
                let name = path.file_name().expect("a name").to_str().expect("text").to_owned();
                (name, std::fs::read_to_string(&path).expect("a page"))
            })
            .collect();
        pages.sort();
        pages
    }
}

#[tokio::test(start_paused = true)]
async fn every_run_that_may_change_something_leaves_a_page_and_says_where() {
    let stage = Stage::new().await;
    let built = stage.build("one");
    stage.run("deploy-staging --dry-run").await.ended(0);
    stage.run("status").await.ended(0);
    assert_eq!(stage.pages(), [], "who only looks leaves nothing");

    let ran = stage.run("deploy-staging --json").await;
    ran.ended(0).says("the page of this run is ");
    let document: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let [(name, page)] = stage.pages().try_into().expect("a page");
    assert!(document["page"].as_str().expect("a path").ends_with(&name), "{document}");
    assert!(name.starts_with("20261124T") && name.ends_with("Z-deploy-staging-staging.html"), "{name}");
    for words in ["<title>deploy-staging: done</title>", &built.commit, &built.digest, "id=\"evidence\"", "id=\"plan\""]
    {
        assert!(page.contains(words), "{words}: {page}");
    }

    stage.run(&format!("promote --image-tag {}", "a".repeat(40))).await.ended(10);
    let (name, page) = stage.pages().pop().expect("a page");
    assert!(name.ends_with("-promote-production.html"), "{name}");
    assert!(page.contains("<title>promote to production: refused</title>"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cut_off_leaves_its_page_too() {
    let stage = Stage::new().await;
    stage.build("one");
    let (_stopper, stop) = Stop::pair();
    // As a second signal does it: what goes on is dropped where it is.
    let cut = tokio::time::timeout(std::time::Duration::from_secs(20), stage.start("deploy-staging", stop)).await;
    cut.expect_err("it takes longer");
    let (_, page) = stage.pages().pop().expect("a page");
    assert!(page.contains("it was left at once"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_cannot_be_written_is_a_warning_and_changes_nothing_else() {
    let stage = Stage::new().await;
    stage.build("one");
    std::fs::write(stage.tree().join("target/delivery"), "a file").expect("a file");
    stage.run("deploy-staging").await.ended(0).says("warning: the page of this run could not be written into");
    let elsewhere = stage.tree().join("target/pages");
    stage.run(&format!("deploy-staging --page-dir {}", elsewhere.display())).await.ended(0);
    assert_eq!(std::fs::read_dir(elsewhere).expect("a folder").count(), 1);
}

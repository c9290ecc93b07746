//! The program to compare with: axum and sqlx as their front pages show them, and nothing around them.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::RwLock;

/// Started with this and an address, the benchmark is the bare program.
pub(super) const FLAG: &str = "--bare";

#[derive(Clone)]
struct App {
    pool: PgPool,
    remembered: Arc<RwLock<HashMap<String, String>>>,
}

/// Serves on an address until it is killed.
pub(super) fn serve(address: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let database = std::env::var("DATABASE_URL").expect("the benchmark passes it on");
        let pool = PgPoolOptions::new().max_connections(10).connect(&database).await.expect("the database is there");
        let router = Router::new()
            .route("/health", get(|| async { axum::Json(serde_json::json!({ "status": "alive" })) }))
            .route("/l/{slug}", get(follow))
            .route("/remembered/{slug}", get(follow_remembered))
            .with_state(App { pool, remembered: Arc::default() });
        let listener = tokio::net::TcpListener::bind(address).await.expect("the address is free");
        axum::serve(listener, router).await.expect("it serves until it is killed");
    });
}

async fn follow(State(app): State<App>, Path(slug): Path<String>) -> impl IntoResponse {
    redirect(find(&app, &slug).await)
}

async fn follow_remembered(State(app): State<App>, Path(slug): Path<String>) -> impl IntoResponse {
    if let Some(target) = app.remembered.read().await.get(&slug) {
        return redirect(target.clone());
    }
    let target = find(&app, &slug).await;
    app.remembered.write().await.insert(slug, target.clone());
    redirect(target)
}

async fn find(app: &App, slug: &str) -> String {
    sqlx::query_scalar("SELECT target_url FROM links WHERE slug = $1")
        .bind(slug)
        .fetch_one(&app.pool)
        .await
        .expect("the benchmark asks for a link that is there")
}

fn redirect(target: String) -> (StatusCode, [(header::HeaderName, String); 1]) {
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, target)])
}

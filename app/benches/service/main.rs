//! What the service costs next to a bare program of axum and sqlx: requests a second, memory, and the
//! time from its start until it is ready.
//!
//! Both serve the same two routes from the same database in the same run, by turns, under `wrk`.
//! `cargo run --package postgres-provider -- exec --fresh-database -- cargo bench --package app`
//! prints the figures that stand in `docs/performance.md`.

mod bare;
mod load;
mod server;

use std::time::Duration;

use self::server::Server;

/// How often each program is measured; an odd number, so that there is a middle one.
const ROUNDS: usize = 3;

/// How often the start is measured.
const STARTS: usize = 15;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(position) = arguments.iter().position(|argument| argument == bare::FLAG) {
        return bare::serve(&arguments[position + 1]);
    }
    let Ok(database) = std::env::var("DATABASE_URL") else {
        eprintln!("skipped: DATABASE_URL is not set; the first lines of this benchmark say how to run it");
        return;
    };
    if !load::is_here() {
        eprintln!("skipped: wrk is not on the PATH; `apt-get install wrk`");
        return;
    }
    server::migrate(&database);
    start(&database);
    throughput(&database);
}

/// From the start of the process until `/ready` answers 200, the database being there.
fn start(database: &str) {
    let mut times: Vec<Duration> = (0..STARTS).map(|_| Server::service(database).ready_after).collect();
    times.sort();
    println!(
        "ready after its start: {:.0} ms in the middle of {STARTS}, {:.0} ms at worst",
        milliseconds(times[STARTS / 2]),
        milliseconds(times[STARTS - 1])
    );
}

fn throughput(database: &str) {
    let service = Server::service(database);
    let bare = Server::bare(database);
    let slug = service.create_link();
    println!("memory before the load: {:.1} MB", service.resident_megabytes());
    let redirect = format!("/l/{slug}");
    let remembered = format!("/remembered/{slug}");
    let pairs = [
        ("GET /health", "/health", "/health"),
        ("redirect, against one that asks the database", redirect.as_str(), redirect.as_str()),
        ("redirect, against one from a map in memory", redirect.as_str(), remembered.as_str()),
    ];
    for (what, of_service, of_bare) in pairs {
        let mut rates = [const { Vec::new() }; 2];
        for _ in 0..ROUNDS {
            rates[0].push(load::requests_a_second(&service.url(of_service)));
            rates[1].push(load::requests_a_second(&bare.url(of_bare)));
        }
        let [service, bare] = rates.map(median);
        println!("{what}: {service:.0} requests/s, bare {bare:.0} requests/s, ratio {:.2}", service / bare);
    }
    println!("memory after the load: {:.1} MB", service.resident_megabytes());
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

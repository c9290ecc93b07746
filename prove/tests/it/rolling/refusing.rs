//! A service of a release, as a program of its own: whoever asks is refused, which is what two of the
//! flows want to see. A schema that it does not know makes it fail. `KNOWS` and `MAKES` are filled in.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

/// The newest schema on which it works.
const KNOWS: u32 = KNOWN;
/// The schema that its migrations make.
const MAKES: u32 = MADE;

fn main() {
    // The other release is in the same folder.
    let schema = std::env::current_exe().unwrap().with_file_name("schema");
    if std::env::args().nth(1).as_deref() == Some("migrate") {
        return std::fs::write(schema, MAKES.to_string()).unwrap();
    }
    let listener = TcpListener::bind(std::env::var("LISTEN_ADDRESS").unwrap()).unwrap();
    for stream in listener.incoming() {
        let schema: u32 = std::fs::read_to_string(&schema).unwrap().parse().unwrap();
        std::thread::spawn(move || answer(stream.unwrap(), schema <= KNOWS));
    }
}

fn answer(mut stream: TcpStream, works: bool) {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !is_whole(&String::from_utf8_lossy(&request)) {
        match stream.read(&mut piece) {
            Ok(length) if length > 0 => request.extend_from_slice(&piece[..length]),
            _ => return,
        }
    }
    let status = match (request.starts_with(b"GET /ready"), works) {
        (true, _) => "200 OK",
        (_, true) => "401 Unauthorized",
        (_, false) => "500 Internal Server Error",
    };
    let body = format!("{{\"type\":\"about:blank\",\"title\":\"no\",\"status\":{}}}", &status[..3]);
    let head = "content-type: application/problem+json\r\nwww-authenticate: Bearer\r\nconnection: close";
    let _ = write!(stream, "HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

//! A web server in one file: answers every request with a page in one colour.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

const COLOUR: &str = "blue";

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("0.0.0.0:8080")?;
    println!("listening on {}, colour {COLOUR}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        std::thread::spawn(move || {
            if let Err(error) = answer(stream) {
                eprintln!("request failed: {error}");
            }
        });
    }
    Ok(())
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut headers = BufReader::new(stream.try_clone()?).lines();
    while headers.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let page = page(COLOUR);
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
        page.len()
    )
}

fn page(colour: &str) -> String {
    format!(
        "<!doctype html><title>hello</title><body style=\"background:{colour}\"><h1>Hello in {colour}</h1>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_the_colour() {
        assert!(page(COLOUR).contains(&format!("background:{COLOUR}")));
    }
}

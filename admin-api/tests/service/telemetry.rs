//! Traces: a real receiver gets what the program sends, by OTLP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::support::{NOWHERE, Program, Served, failing_program, url};

/// Takes traces, as a collector does.
fn collector() -> (SocketAddr, Receiver<ExportTraceServiceRequest>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
    let address = listener.local_addr().expect("the listener has an address");
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sender = sender.clone();
            thread::spawn(move || take(&stream, &sender));
        }
    });
    (address, receiver)
}

/// Requests of one connection, until it ends. What is no export of traces is answered with an error, and so is lost.
fn take(mut stream: &TcpStream, sender: &Sender<ExportTraceServiceRequest>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        for line in head.to_ascii_lowercase().lines() {
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let is_export = head.starts_with("POST /v1/traces ") && head.contains("application/x-protobuf");
        let answer = match ExportTraceServiceRequest::decode(body.as_slice()) {
            Ok(request) if is_export => {
                sender.send(request).map(|()| "200 OK").unwrap_or("503 Service Unavailable")
            }
            _ => "400 Bad Request",
        };
        if write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

fn attribute(attributes: &[KeyValue], name: &str) -> String {
    let value = attributes.iter().find(|attribute| attribute.key == name).and_then(|one| one.value.clone());
    match value {
        Some(AnyValue { value: Some(Value::StringValue(text)) }) => text,
        Some(AnyValue { value: Some(Value::IntValue(number)) }) => number.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn requests_and_their_statements_are_traced() {
    let (address, received) = collector();
    let served = Served::empty("traced");
    let token = served.token("anna", "botdet_reader");
    let database = url(&served.database.config(), &served.login);
    let program = Program::start(&database, &[("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}"))]);
    let client = program.client(&token);
    let parent = [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")];
    client.send("GET", "/v1/detectors?secret=hunter2", &parent, b"").with(200);
    client.get("/v2/nothing");
    // What is left is sent when it stops.
    program.stop();

    let exports: Vec<ExportTraceServiceRequest> = received.try_iter().collect();
    let resources: Vec<_> = exports.into_iter().flat_map(|export| export.resource_spans).collect();
    for resource in &resources {
        let attributes = resource.resource.as_ref().map_or(&[][..], |resource| &resource.attributes);
        assert_eq!(attribute(attributes, "service.name"), "botdet-admin-api");
    }
    let spans: Vec<Span> = resources
        .into_iter()
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .collect();
    let requests: Vec<&Span> = spans.iter().filter(|span| span.name == "request").collect();
    assert_eq!(requests.len(), 2, "{spans:#?}");

    let continued = requests.iter().find(|span| !span.parent_span_id.is_empty()).expect("one has a parent");
    assert_eq!(hexadecimal(&continued.trace_id), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(hexadecimal(&continued.parent_span_id), "b7ad6b7169203331");
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/v1/detectors"),
        ("http.response.status_code", "200"),
        ("path", "/v1/detectors"),
    ] {
        assert_eq!(attribute(&continued.attributes, name), value, "{name} of {continued:#?}");
    }
    assert!(!format!("{spans:?}").contains("hunter2"), "queries of addresses are nobody's business");
    assert!(!format!("{spans:?}").contains(&token));

    let statements: Vec<&Span> =
        spans.iter().filter(|span| span.name == "statement" && span.trace_id == continued.trace_id).collect();
    assert!(!statements.is_empty(), "{spans:#?}");
    assert!(statements.iter().any(|span| span.parent_span_id == continued.span_id));
    for statement in statements {
        assert_eq!(attribute(&statement.attributes, "db.system.name"), "postgresql");
        assert!(attribute(&statement.attributes, "db.query.text").contains("botdet"), "{statement:#?}");
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A collector that is away costs requests nothing, and keeps the program no longer than its last batch may take.
#[test]
fn a_collector_that_is_away_holds_up_nobody() {
    let program =
        Program::start(NOWHERE, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9".to_owned())]);
    program.client("").get("/livez").with(200);
    let took = program.stop();
    assert!(took < std::time::Duration::from_secs(10), "took {took:?}");
}

#[test]
fn collectors_that_cannot_be_spoken_with_are_refused() {
    let said = failing_program(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4318".to_owned())]);
    assert!(said.contains("`https://collector:4318` is not spoken with over http"), "{said}");
    let said = failing_program(&[("OTEL_TRACES_SAMPLER_ARG", "2".to_owned())]);
    assert!(said.contains("it is a number from 0 to 1"), "{said}");
}

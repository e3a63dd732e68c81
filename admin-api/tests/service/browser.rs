//! A Chromium without a window, told what to do over its DevTools pipe: https://chromedevtools.github.io/devtools-protocol/.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// Names under which it is installed.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser with one page.
pub struct Browser {
    process: Child,
    commands: File,
    answers: Receiver<Value>,
    session: String,
    id: u64,
    events: VecDeque<Value>,
    directory: PathBuf,
}

impl Browser {
    /// Starts it, with a window as wide as a desk's.
    pub fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("botdet-browser-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory can be made");
        let program = PROGRAMS
            .into_iter()
            .find(|name| {
                Command::new("which")
                    .arg(name)
                    .stdout(Stdio::null())
                    .status()
                    .is_ok_and(|status| status.success())
            })
            .expect("Chromium is installed: make setup does that");
        let made = Command::new("mkfifo").arg(directory.join("in")).arg(directory.join("out")).status();
        assert!(made.is_ok_and(|status| status.success()), "pipes can be made");
        // It reads commands from descriptor 3 and writes to 4.
        let process = Command::new("sh")
            .arg("-c")
            .arg(format!(
                "exec {program} --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --no-first-run \
                 --force-prefers-reduced-motion --remote-debugging-pipe --user-data-dir=profile about:blank 3<in 4>out"
            ))
            .current_dir(&directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the browser starts");
        let commands = File::options().write(true).open(directory.join("in")).expect("the browser reads");
        let answers = messages(File::open(directory.join("out")).expect("the browser writes"));
        let mut browser = Self {
            process,
            commands,
            answers,
            session: String::new(),
            id: 0,
            events: VecDeque::new(),
            directory,
        };
        let page = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached =
            browser.call("Target.attachToTarget", json!({"targetId": page["targetId"], "flatten": true}));
        browser.session = attached["sessionId"].as_str().expect("a page has a session").to_owned();
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.call("Page.setLifecycleEventsEnabled", json!({"enabled": true}));
        browser.look(1280, 900, "light");
        browser
    }

    /// Tells it to do something, and waits until that is done.
    #[track_caller]
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        let answer = self.ask(method, parameters);
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }

    /// The same, with what it answers as it stands: a result, or an error.
    #[track_caller]
    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.id += 1;
        let mut message = json!({"id": self.id, "method": method, "params": parameters});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.commands.write_all(format!("{message}\0").as_bytes()).expect("the browser reads");
        loop {
            let answer = self.read();
            if answer["id"] == self.id {
                return answer;
            }
            self.events.push_back(answer);
        }
    }

    #[track_caller]
    fn read(&mut self) -> Value {
        self.answers.recv_timeout(PATIENCE).expect("the browser answers in time")
    }

    #[track_caller]
    fn wait_for(&mut self, is_it: impl Fn(&Value) -> bool) {
        loop {
            let next = self.events.pop_front().unwrap_or_else(|| self.read());
            self.note(&next);
            if is_it(&next) {
                return;
            }
        }
    }

    /// Waits until the page that it is led to is loaded.
    #[track_caller]
    fn wait_for_load(&mut self) {
        self.wait_for(|event| event["method"] == "Page.loadEventFired");
    }

    /// Whatever a page is refused, or gets wrong, ends the test.
    fn note(&self, event: &Value) {
        let entry = &event["params"]["entry"];
        let is_refused = entry["source"] == "security"
            || entry["text"].as_str().is_some_and(|text| text.contains("Content Security Policy"));
        assert!(!is_refused && event["method"] != "Runtime.exceptionThrown", "{event}");
    }

    /// Goes to an address.
    #[track_caller]
    pub fn open(&mut self, address: &str) {
        self.events.clear();
        let loader = self.call("Page.navigate", json!({"url": address}))["loaderId"].clone();
        // A page that loads itself again may end that only now.
        self.wait_for(|event| {
            let lifecycle = &event["params"];
            event["method"] == "Page.lifecycleEvent"
                && lifecycle["name"] == "load"
                && lifecycle["loaderId"] == loader
        });
    }

    /// Does something that leads to another page.
    #[track_caller]
    pub fn leave_by(&mut self, script: &str) {
        self.events.clear();
        self.run(script);
        self.wait_for_load();
    }

    /// Clicks on what a selector finds, which leads to another page.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        self.leave_by(&format!("document.querySelector({}).click()", json!(selector)));
    }

    /// Types a text into what a selector finds, in the place of what is there.
    pub fn fill(&mut self, selector: &str, text: &str) {
        self.run(&format!(
            "document.querySelector({0}).focus(); document.querySelector({0}).value = ''",
            json!(selector)
        ));
        self.call("Input.insertText", json!({"text": text}));
    }

    /// Presses a key.
    pub fn press(&mut self, key: &str, code: u32) {
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let event =
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Presses Enter where the focus is, which leads to another page.
    #[track_caller]
    pub fn enter(&mut self) {
        self.events.clear();
        self.press("Enter", 13);
        self.wait_for_load();
    }

    /// The value of an expression.
    #[track_caller]
    pub fn run(&mut self, script: &str) -> Value {
        let result = self.call("Runtime.evaluate", json!({"expression": script, "returnByValue": true}));
        assert!(result["exceptionDetails"].is_null(), "{script}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Whether a condition holds on a page that is loaded: not while one page gives way to the next.
    pub fn holds(&mut self, condition: &str) -> bool {
        let script = format!("document.readyState === 'complete' && ({condition})");
        let answer = self.ask("Runtime.evaluate", json!({"expression": script, "returnByValue": true}));
        answer["result"]["result"]["value"] == true
    }

    /// The text that is seen.
    pub fn text(&mut self) -> String {
        self.run("document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Where it is, without the host.
    pub fn place(&mut self) -> String {
        self.run("location.pathname + location.search").as_str().unwrap_or_default().to_owned()
    }

    /// Makes the window so large, and the colours light or dark.
    pub fn look(&mut self, width: u32, height: u32, scheme: &str) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", size);
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", media);
    }

    /// Keeps a picture of the whole page under target/tmp/screenshots.
    pub fn picture(&mut self, name: &str) {
        let shot = self.call("Page.captureScreenshot", json!({"captureBeyondViewport": true}));
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
        std::fs::create_dir_all(&directory).expect("a directory can be made");
        let bytes = decoded(shot["data"].as_str().unwrap_or_default());
        std::fs::write(directory.join(format!("{name}.png")), bytes).expect("a picture can be written");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// What it writes, read by a thread of its own so that nobody waits for ever.
fn messages(pipe: File) -> Receiver<Value> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut message = Vec::new();
        while pipe.read_until(0, &mut message).is_ok_and(|length| length > 0) {
            message.pop();
            let Ok(value) = serde_json::from_slice(&message) else { return };
            if sender.send(value).is_err() {
                return;
            }
            message.clear();
        }
    });
    receiver
}

/// Base64.
fn decoded(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for value in text.bytes().filter_map(|letter| LETTERS.iter().position(|known| *known == letter)) {
        bits = (bits << 6) | value as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

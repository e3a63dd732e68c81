//! Sustained load on the service: clients that keep their connections and ask for a mix of things, while versions are switched.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// What is asked for, and how often of a hundred times.
const MIX: [(&str, usize); 10] = [
    ("one score", 45),
    ("prediction by features", 20),
    ("50 scores", 8),
    ("features", 7),
    ("explanation", 5),
    ("label", 5),
    ("deployment", 4),
    ("queue of reviews", 3),
    ("versions", 2),
    ("figures", 1),
];

/// A load, and on what.
pub struct Load {
    /// Where the service listens.
    pub address: SocketAddr,
    /// A token of role `botdet_admin`.
    pub token: String,
    /// Accounts are numbered from 1 to this.
    pub accounts: i64,
    /// Connections that ask at once, each for one thing after the other.
    pub clients: usize,
    /// For how long.
    pub duration: Duration,
    /// Time from one switch of the champion to the next.
    pub between_switches: Duration,
    /// Versions that take turns.
    pub versions: [String; 2],
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Each answer: index into the mix, milliseconds, status; 0 where there was none.
    answers: Vec<(usize, f64, u16)>,
    /// How often the champion was switched.
    pub switches: usize,
}

impl Load {
    /// Runs it.
    ///
    /// # Panics
    /// When a switch is refused.
    #[must_use]
    pub fn run(&self) -> Outcome {
        let end = Instant::now() + self.duration;
        thread::scope(|scope| {
            let clients: Vec<_> =
                (0..self.clients).map(|client| scope.spawn(move || self.ask_until(end, client))).collect();
            let switches = self.switch_until(end);
            let answers = clients
                .into_iter()
                .flat_map(|client| client.join().unwrap_or_else(|_| unreachable!("a client ended early")))
                .collect();
            Outcome { answers, switches }
        })
    }

    fn ask_until(&self, end: Instant, client: usize) -> Vec<(usize, f64, u16)> {
        let kinds: Vec<usize> =
            MIX.iter().enumerate().flat_map(|(kind, (_, share))| std::iter::repeat_n(kind, *share)).collect();
        let mut connection = None;
        let mut answers = Vec::new();
        // Neither prime divides 100, so each client meets all kinds, in an order of its own.
        let mut turn = client * 37;
        while Instant::now() < end {
            let kind = kinds[turn * 61 % kinds.len()];
            let account = 1 + (turn as i64 * 7919) % self.accounts;
            turn += 1;
            let (method, target, body) = request(MIX[kind].0, account, self.accounts);
            let begin = Instant::now();
            let status = match connection.take().map_or_else(|| Connection::open(self.address), Ok) {
                Ok(mut open) => match open.send(&self.token, method, &target, None, &body) {
                    Ok(answer) => {
                        connection = Some(open);
                        answer.status
                    }
                    Err(_) => 0,
                },
                Err(_) => 0,
            };
            answers.push((kind, begin.elapsed().as_secs_f64() * 1e3, status));
        }
        answers
    }

    fn switch_until(&self, end: Instant) -> usize {
        let mut switches = 0;
        let mut next = Instant::now() + self.between_switches;
        while next < end {
            thread::sleep(next.saturating_duration_since(Instant::now()));
            self.switch(&self.versions[switches % 2]);
            switches += 1;
            next += self.between_switches;
        }
        switches
    }

    /// As a person does it: look at what answers, then change that.
    fn switch(&self, version: &str) {
        let place = "/v1/detectors/account/deployment";
        let mut connection = Connection::open(self.address).expect("the service accepts connections");
        let seen = connection.send(&self.token, "GET", place, None, "").expect("it answers");
        let body = json!({ "version": version }).to_string();
        let switched =
            connection.send(&self.token, "PUT", &format!("{place}/champion"), seen.tag.as_deref(), &body);
        let switched = switched.expect("it answers");
        assert_eq!(switched.status, 200, "{version}: {}", switched.body);
    }
}

fn request(kind: &str, account: i64, accounts: i64) -> (&'static str, String, String) {
    let get = |target: String| ("GET", target, String::new());
    let post = |target: &str, body: Value| ("POST", target.to_owned(), body.to_string());
    match kind {
        "one score" => get(format!("/v1/scores/{account}")),
        "prediction by features" => post("/predict", user(account)),
        "50 scores" => {
            let ids: Vec<i64> = (0..50).map(|step| 1 + (account + step * 31) % accounts).collect();
            post("/v1/scores/batch", json!({ "account_ids": ids }))
        }
        "features" => get(format!("/v1/accounts/{account}/features")),
        "explanation" => get(format!("/v1/accounts/{account}/explanation")),
        "label" => post("/v1/labels", json!({ "account_id": account, "is_bot": account % 3 == 0 })),
        "deployment" => get("/v1/detectors/account/deployment".to_owned()),
        "queue of reviews" => get("/v1/reviews?detector=account&limit=20".to_owned()),
        "versions" => get("/v1/model-versions?limit=10".to_owned()),
        _ => get("/metrics".to_owned()),
    }
}

/// The 21 features of somebody, a little different for each account.
fn user(account: i64) -> Value {
    let vary = (account % 97) as f64 / 97.0;
    json!({
        "user_id": account.to_string(), "posting_cadence": 300.0 + 9_000.0 * vary, "posting_cadence_std": 4_000.0 * vary,
        "burst_score": 0.1, "circadian_entropy": 1.0 - vary / 2.0, "active_hours": 24, "action_diversity": 0.2 + vary,
        "typo_rate": vary / 10.0, "session_duration_mean": 60.0 + 600.0 * vary, "session_duration_std": 5.0 + 100.0 * vary,
        "device_diversity": 1, "content_length_mean": 80, "content_length_std": 2.0 + 40.0 * vary,
        "content_length_variance": 4, "duplicate_rate": 0.9 - vary / 2.0, "content_diversity": 1.1,
        "follower_following_ratio": vary, "account_age_days": 12.0 + 900.0 * vary, "is_verified": false,
        "profile_completeness": 0.2, "followers": 10, "following": 1000
    })
}

impl Outcome {
    /// How many answers came.
    #[must_use]
    pub fn count(&self) -> usize {
        self.answers.len()
    }

    /// Answers that are the service's fault, and requests without one.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.answers.iter().filter(|(_, _, status)| *status == 0 || *status >= 500).count()
    }

    /// Answers that are none of 200 and 201.
    #[must_use]
    pub fn refusals(&self) -> usize {
        self.answers.iter().filter(|(_, _, status)| !matches!(status, 200 | 201)).count()
    }

    /// Milliseconds that this share of the answers of a kind took at most; of all, without a kind.
    #[must_use]
    pub fn quantile(&self, kind: Option<&str>, share: f64) -> f64 {
        let times = self.answers.iter().filter(|(index, _, _)| kind.is_none_or(|kind| MIX[*index].0 == kind));
        let mut times: Vec<f64> = times.map(|(_, time, _)| *time).collect();
        times.sort_by(f64::total_cmp);
        let place = (times.len() as f64 * share) as usize;
        times.get(place.min(times.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
    }

    /// A line for each kind of request, and one for all: count, median and 99 %.
    #[must_use]
    pub fn table(&self) -> String {
        let line = |name: &str, kind: Option<&str>| {
            let count = self
                .answers
                .iter()
                .filter(|(index, _, _)| kind.is_none_or(|kind| MIX[*index].0 == kind))
                .count();
            let (half, most) = (self.quantile(kind, 0.5), self.quantile(kind, 0.99));
            format!("{name:<26}{count:>9}{half:>12.2}{most:>12.2}\n")
        };
        let mut text = format!("{:<26}{:>9}{:>12}{:>12}\n", "", "answers", "p50, ms", "p99, ms");
        for (kind, _) in MIX {
            text += &line(kind, Some(kind));
        }
        text + &line("all", None)
    }
}

/// A connection that is kept.
struct Connection(BufReader<TcpStream>);

struct Answer {
    status: u16,
    tag: Option<String>,
    body: String,
}

impl Connection {
    fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self(BufReader::new(stream)))
    }

    fn send(
        &mut self,
        token: &str,
        method: &str,
        target: &str,
        seen: Option<&str>,
        body: &str,
    ) -> io::Result<Answer> {
        let mut text =
            format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n");
        if let Some(tag) = seen {
            text += &format!("if-match: {tag}\r\n");
        }
        if !body.is_empty() {
            text += "content-type: application/json\r\n";
        }
        text += &format!("content-length: {}\r\n\r\n{body}", body.len());
        self.0.get_mut().write_all(text.as_bytes())?;
        self.read()
    }

    fn read(&mut self) -> io::Result<Answer> {
        let unfit = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .ok_or_else(|| unfit("no status"))?;
        let (mut length, mut tag) = (None, None);
        loop {
            line.clear();
            if self.0.read_line(&mut line)? == 0 {
                return Err(unfit("the head breaks off"));
            }
            match line.trim_end().split_once(": ") {
                Some(("content-length", value)) => length = value.parse::<usize>().ok(),
                Some(("etag", value)) => tag = Some(value.to_owned()),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length.ok_or_else(|| unfit("no length"))?];
        self.0.read_exact(&mut body)?;
        Ok(Answer { status, tag, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

use std::collections::HashSet;

use super::config::{DAY, HOUR, SECOND};
use super::*;

fn config(accounts: u32, seed: u64) -> SimulationConfig {
    let params = SimulationParams { accounts, seed, ..SimulationParams::default() };
    params.check().expect("valid parameters")
}

#[test]
fn a_seed_decides_everything() {
    let events = |seed| Simulation::new(config(40, seed)).events().collect::<Vec<_>>();
    let accounts = |seed| Simulation::new(config(40, seed)).accounts().collect::<Vec<_>>();
    assert_eq!(events(3), events(3));
    assert_eq!(accounts(3), accounts(3));
    assert_ne!(events(3), events(4));
}

#[test]
fn the_order_of_generation_does_not_matter() {
    let simulation = Simulation::new(config(40, 3));
    let in_order: Vec<_> = simulation.events().collect();
    for account_id in (1..=40).rev() {
        assert_eq!(simulation.events_of(account_id), in_order[account_id as usize - 1]);
    }
    assert!(simulation.events_of(0).is_empty() && simulation.events_of(41).is_empty());
}

#[test]
fn events_are_in_order_and_inside_the_window() {
    let config = config(150, 5);
    let window = config.window();
    let simulation = Simulation::new(config);
    for (account_id, events) in (1..).zip(simulation.events()) {
        assert!(!events.is_empty(), "account {account_id} has no events");
        assert!(events.iter().all(|event| event.account_id == account_id));
        assert!(events.is_sorted_by_key(|event| event.occurred_at));
        assert!(events.iter().all(|event| (window.start..window.end).contains(&event.occurred_at)));
    }
}

#[test]
fn counts_are_near_the_configuration() {
    let simulation = Simulation::new(config(900, 1));
    let bots = simulation.accounts().filter(|account| account.label).count();
    assert_eq!(bots, 300);
    let counts: Vec<usize> = simulation.events().map(|events| events.len()).collect();
    let mean = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    assert!((mean / 333.0 - 1.0).abs() < 0.15, "{mean} events per account");
    let long = counts.iter().filter(|count| **count >= 128).count();
    assert!(long * 2 > counts.len(), "{long} accounts with 128 events");
    assert!(counts.iter().any(|count| *count < 60) && counts.iter().any(|count| *count > 1_200));
}

#[test]
fn every_strategy_is_present_and_named() {
    let simulation = Simulation::new(config(30, 1));
    let found: HashSet<Strategy> = simulation.accounts().filter_map(|account| account.strategy).collect();
    assert_eq!(found.len(), Strategy::ALL.len());
    for strategy in Strategy::ALL {
        assert_eq!(Strategy::from_name(strategy.name()), Some(strategy));
    }
}

#[test]
fn profiles_are_older_than_events() {
    let simulation = Simulation::new(config(150, 2));
    for (account, events) in simulation.accounts().zip(simulation.events()) {
        if let Some(created_at) = account.profile.created_at {
            assert!(created_at <= events[0].occurred_at);
        }
    }
}

#[test]
fn a_hijacked_account_turns_half_way() {
    let window = Window { start: 100 * DAY, end: 130 * DAY };
    for account_id in 1..=20 {
        let (account, events) = simulate_account(Kind::Bot(Strategy::Hijacked), account_id, 9, window, 400.0);
        assert!(account.label);
        let (before, after): (Vec<_>, Vec<_>) =
            events.iter().partition(|event| event.occurred_at < window.at(0.42));
        let (_, last): (Vec<_>, Vec<_>) = after.iter().partition(|event| event.occurred_at < window.at(0.62));
        let devices = |events: &[&SimulatedEvent]| {
            events.iter().filter_map(|event| event.device.clone()).collect::<HashSet<_>>()
        };
        assert!(!before.is_empty() && !last.is_empty());
        assert!(devices(&before).is_disjoint(&devices(&last.into_iter().copied().collect::<Vec<_>>())));
    }
}

#[test]
fn amplifiers_of_a_group_share_targets_within_minutes() {
    let window = Window { start: 100 * DAY, end: 130 * DAY };
    let member =
        |account_id| simulate_account(Kind::Bot(Strategy::Amplifier), account_id, 9, window, 600.0).1;
    let (one, other) = (member(1), member(2));
    let together = |a: &SimulatedEvent, b: &SimulatedEvent| {
        a.target.is_some() && a.target == b.target && (a.occurred_at - b.occurred_at).abs() < 10 * 60 * SECOND
    };
    let shared = one.iter().filter(|a| other.iter().any(|b| together(a, b))).count();
    assert!(shared >= 20, "{shared} events in lockstep");
}

#[test]
fn a_demonstration_fits_a_short_window() {
    let window = Window { start: 100 * DAY, end: 100 * DAY + 6 * HOUR };
    for kind in [Kind::Human].into_iter().chain(Strategy::ALL.map(Kind::Bot)) {
        let (_, events) = simulate_account(kind, 77, 9, window, 120.0);
        assert!(!events.is_empty(), "{kind:?}");
        assert!(events.iter().all(|event| (window.start..window.end).contains(&event.occurred_at)));
    }
}

#[test]
fn a_demonstration_survives_odd_wishes() {
    let window = Window::new(0, 60 * SECOND).expect("a minute");
    for kind in [Kind::Human].into_iter().chain(Strategy::ALL.map(Kind::Bot)) {
        for (account_id, expected) in [(i64::MIN, 0.0), (-1, f64::NAN), (i64::MAX, 50.0)] {
            let (_, events) = simulate_account(kind, account_id, u64::MAX, window, expected);
            assert!(events.iter().all(|event| (0..60 * SECOND).contains(&event.occurred_at)));
        }
    }
    assert!(Window::new(5, 5).is_err() && Window::new(i64::MIN, i64::MAX).is_err());
}

#[test]
fn parameters_are_checked() {
    let default = SimulationParams::default;
    assert_eq!(SimulationParams { accounts: 0, ..default() }.check(), Err(SimulationError::NoAccounts));
    assert_eq!(SimulationParams { days: 0, ..default() }.check(), Err(SimulationError::Days(0)));
    assert_eq!(SimulationParams { bot_share: 1.5, ..default() }.check(), Err(SimulationError::BotShare(1.5)));
    assert_eq!(SimulationParams { group_size: 1, ..default() }.check(), Err(SimulationError::GroupSize(1)));
    assert!(SimulationParams { bot_share: f64::NAN, ..default() }.check().is_err());
    assert!(SimulationParams { events_per_day: f64::NAN, ..default() }.check().is_err());
    assert!(SimulationParams { end: 5 * DAY, ..default() }.check().is_err());
}

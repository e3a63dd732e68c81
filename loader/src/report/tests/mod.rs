mod example;
mod example_history;
mod example_trust;
mod markup;
mod page;

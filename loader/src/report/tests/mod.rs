mod example;
mod example_trust;
mod markup;
mod page;

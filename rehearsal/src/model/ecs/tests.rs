//! Histories of services and tasks: the model alone, with a runtime that is a list of reports to come.

mod alarms;
mod back;
mod blue_green;
mod chaos;
mod deployment;
mod failing;
mod life;
mod one_off;
mod paused;
mod superseded;
mod world;

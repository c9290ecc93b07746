//! ECS's API as a client sees it.

mod blue_green;
mod codes;
mod direct;
mod life;
mod parameters;

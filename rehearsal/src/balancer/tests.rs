//! Tests of the balancer between real sockets.

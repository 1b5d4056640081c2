"""A stand-in Flow service on a loopback port: real sockets, real HTTP, real pictures."""

'use strict';

/** The faults, F-01 and on, that have no test of web requests over HTTP/1.1, and why. */
module.exports = {
  'F-23': 'HTTP/2 clients: needs an engine or a server that speaks HTTP/2 downstream',
};

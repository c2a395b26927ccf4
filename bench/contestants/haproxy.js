'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** One haproxy thread that shares upstream connections between clients. */
exports.command = (directory, port, target) => {
  const config = `
global
  nbthread 1
  maxconn 2048
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend door
  bind 127.0.0.1:${port}
  default_backend target
backend target
  server upstream ${new URL(target).host}
`;
  const file = path.join(directory, 'haproxy.cfg');
  fs.writeFileSync(file, config);
  return ['haproxy', '-db', '-q', '-f', file];
};

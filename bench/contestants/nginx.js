'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { writeCertificate } = require('../certificate.js');

const LISTEN = { tls: ' ssl', h2: ' ssl http2' };
const UPGRADES =
  'proxy_set_header Connection "upgrade"; proxy_set_header Upgrade $http_upgrade; proxy_read_timeout 1h;';

/** One nginx process with upstream keep-alive; without the temporary files a slow client would cause. */
exports.command = (directory, port, target, { front, sockets }) => {
  const config = `
daemon off;
master_process off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log stderr error;
events { worker_connections 10000; }
http {
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  upstream target { server ${new URL(target).host}; keepalive 1000; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port}${LISTEN[front] ?? ''} backlog=4096;
    ${front === undefined ? '' : certificateOf(directory)}
    location / {
      proxy_pass http://target;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_max_temp_file_size 0;
      ${sockets ? UPGRADES : 'proxy_set_header Connection "";'}
    }
  }
}
`;
  const file = path.join(directory, 'nginx.conf');
  fs.writeFileSync(file, config);
  return ['nginx', '-e', 'stderr', '-p', directory, '-c', file];
};

function certificateOf(directory) {
  const { certificate, key } = writeCertificate(directory);
  return `ssl_certificate ${certificate}; ssl_certificate_key ${key}; ssl_protocols TLSv1.2 TLSv1.3;`;
}

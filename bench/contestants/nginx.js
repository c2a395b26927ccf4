'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** One nginx process with upstream keep-alive; without the temporary files a slow client would cause. */
exports.command = (directory, port, target) => {
  const config = `
daemon off;
master_process off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  upstream target { server ${new URL(target).host}; keepalive 128; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://target;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection "";
      proxy_max_temp_file_size 0;
    }
  }
}
`;
  const file = path.join(directory, 'nginx.conf');
  fs.writeFileSync(file, config);
  return ['nginx', '-e', 'stderr', '-p', directory, '-c', file];
};

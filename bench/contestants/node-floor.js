'use strict';

const { serve } = require('../serve.js');
const { SMALL_BODY, LARGE_BODY, RESPONSE_HEADERS } = require('../payload.js');

serve(() => (req, res) => {
  const body = req.url === '/large' ? LARGE_BODY : SMALL_BODY;
  const answer = () => {
    res.writeHead(200, { ...RESPONSE_HEADERS, 'Content-Length': body.length });
    res.end(body);
  };
  if (req.method === 'POST') req.resume().on('end', answer);
  else answer();
});

'use strict';

/** The rows A once more, in sessions of TLS; with NIGHTLY=1 all of them. */

require('../support/doors.js').overTls('http/1.1');
require('./a-framing.test.js');
if (process.env.NIGHTLY) {
  require('./a-lines.test.js');
  require('./a-targets.test.js');
}

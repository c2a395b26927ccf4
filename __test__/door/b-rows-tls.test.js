'use strict';

/** The rows B once more, in sessions of TLS; with NIGHTLY=1 all of them. */

require('../support/doors.js').overTls('h2');
require('./b-heads.test.js');
if (process.env.NIGHTLY) {
  require('./b-frames.test.js');
  require('./b-floods.test.js');
}

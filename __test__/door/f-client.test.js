'use strict';

require('../support/faults.js').listenAtDoor();
require('../reliability/f-client.test.js');

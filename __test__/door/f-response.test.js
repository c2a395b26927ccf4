'use strict';

require('../support/faults.js').listenAtDoor();
require('../reliability/f-response.test.js');

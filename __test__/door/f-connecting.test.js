'use strict';

require('../support/faults.js').listenAtDoor();
require('../reliability/f-connecting.test.js');

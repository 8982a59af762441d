import { eventLogContract } from '../../src/contracts/event-log-contract.ts'
import { startMongodbStandIn } from '../../src/mongodb-stand-in/server.ts'

eventLogContract('the stand-in', startMongodbStandIn)

// A server for the contract alone, or the one that the whole run uses.
const url =
  process.env['HEADWATER_CONTRACT_MONGODB_URL'] ?? process.env['HEADWATER_MONGODB_URL'] ?? ''
if (url !== '')
  eventLogContract('a MongoDB server', async () => ({ url }), {
    duplicateKeyDetails: false,
    explainsScans: false,
  })

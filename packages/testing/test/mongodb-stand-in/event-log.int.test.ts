import { eventLogContract } from '../../src/contracts/event-log-contract.ts'
import { startMongodbStandIn } from '../../src/mongodb-stand-in/server.ts'

eventLogContract('the stand-in', startMongodbStandIn)

const url = process.env['HEADWATER_MONGODB_URL']
if (url !== undefined && url !== '') {
  eventLogContract('HEADWATER_MONGODB_URL', async () => ({ url }), { duplicateKeyDetails: false })
}

/** A process that holds a connection to the broker of its argument, as a server does, until it is killed. */
import { BrokerConnection } from '../../../../server/delivery/mqtt/broker-connection.ts';
import { CONNECTION } from './mqtt-rig.ts';

const [url = ''] = process.argv.slice(2);
const connection = await BrokerConnection.open(
  { ...CONNECTION, url },
  { topic: 'framelog/available', payload: 'offline' },
  { messages: 0 },
  AbortSignal.timeout(10_000),
);
await connection.publish('framelog/available', 'online', { retain: true });

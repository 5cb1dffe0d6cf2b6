/** The process in which a model is tried: started by TrialProcess. */
import { serveRequests } from '../process/serve-requests.ts';
import { Trial, type TrialReply, type TrialRequest } from './trial.ts';

const trial = new Trial();
serveRequests<TrialRequest, TrialReply>((request) => trial.answer(request));

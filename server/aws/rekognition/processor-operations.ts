import type { LabelWork, ProcessorRecord } from '../../catalog/processor-catalog.ts';
import { classesOf, labelsOf as modelLabelsOf } from '../../processors/object-classes.ts';
import type { NewProcessor, ProcessorDescription } from '../../processors/stream-processors.ts';
import { type AwsCall, AwsError, type AwsOutput } from '../aws-call.ts';
import { streamArn, streamNameOf } from '../kinesis/stream-arn.ts';
import type { OperationTable } from '../operation-table.ts';
import { type PageInput, pageOf, pageSize, pageStart } from './list-page.ts';
import {
  type CreateProcessorInput,
  labelsOf,
  regionsOf,
  type StartProcessorInput,
  sessionOf,
  type UpdateProcessorInput,
  workOf,
} from './processor-input.ts';
import { processorArn } from './rekognition-arn.ts';
import { invalidParameter, translating } from './rekognition-error.ts';
import type { RekognitionParts } from './rekognition-parts.ts';
import { requireAdmin } from './rekognition-rights.ts';
import { checkTagCount } from './rekognition-tags.ts';

interface NameInput {
  readonly Name: string;
}

const PROCESSOR_NAME = /^[a-zA-Z0-9_.-]{1,128}$/;
const TOPIC_ARN = /^arn:aws:sns:([^:]*):([^:]*):([^:]+)$/;
const DEFAULT_PAGE = 1000;

/** Stream processors: a video stream of this server that is looked at, a data stream of this server that gets the answers. */
export function processorOperations(parts: RekognitionParts): OperationTable {
  const { account, processors, galleries, records } = parts;

  const create = async (call: AwsCall<CreateProcessorInput>): Promise<AwsOutput> => {
    const { input, principal } = call;
    requireAdmin(principal);
    const work = workOf(input.Settings);
    const tags = input.Tags ?? {};
    checkTagCount(tags);
    if (work.type === 'face-search' && galleries.gallery(work.collection) === undefined) {
      throw invalidParameter(`The collection id: ${work.collection} does not exist.`);
    }
    const stream = videoStreamOf(call);
    if (work.type === 'labels') await requireKnownLabels(parts, stream.name, work);
    const wish: NewProcessor = {
      name: input.Name,
      stream,
      dataStream: work.type === 'face-search' ? recordsStreamOf(input) : messagesStreamOf(input),
      work,
      regions: regionsOf(input.RegionsOfInterest ?? []),
      told: toldOf(input),
      tags,
    };
    return { StreamProcessorArn: processorArn(account, processors.create(wish).name) };
  };

  const videoStreamOf = ({ input, principal }: AwsCall<CreateProcessorInput>): ProcessorRecord['stream'] => {
    const arn = input.Input.KinesisVideoStream?.Arn;
    if (arn === undefined) throw invalidParameter('Input needs the Arn of a KinesisVideoStream.');
    const { name } = asParameter(() => parts.resources.find({ StreamARN: arn }, 'view', principal));
    const createdMs = parts.streams.record(name)?.createdMs;
    if (createdMs === undefined) throw invalidParameter(`The stream ${arn} does not exist.`);
    return { name, createdMs, arn };
  };

  const dataStreamOf = (arn: string): string => {
    const name = streamNameOf(account, arn);
    if (name === undefined || records.stream(name) === undefined) {
      throw invalidParameter(`${arn} is no data stream of this server.`);
    }
    return name;
  };

  const recordsStreamOf = ({
    Output: output,
    NotificationChannel: channel,
  }: CreateProcessorInput): string => {
    const arn = output.KinesisDataStream?.Arn;
    if (arn === undefined || output.S3Destination !== undefined || channel !== undefined) {
      throw invalidParameter(
        'A stream processor with FaceSearch has the Arn of a KinesisDataStream as its Output, and no other one.',
      );
    }
    return dataStreamOf(arn);
  };

  /** There are no topics here: a data stream with the name of the topic takes its messages. */
  const messagesStreamOf = ({
    Output: output,
    NotificationChannel: channel,
  }: CreateProcessorInput): string => {
    const arn = output.KinesisDataStream?.Arn;
    if (arn !== undefined) return dataStreamOf(arn);
    if (channel === undefined) {
      throw invalidParameter(
        'A stream processor with ConnectedHome tells what it sees to a NotificationChannel, or to a KinesisDataStream as its Output.',
      );
    }
    const [, region, accountId, topic = ''] = TOPIC_ARN.exec(channel.SNSTopicArn) ?? [];
    const isOurs = region === account.region && accountId === account.accountId;
    if (!isOurs || records.stream(topic) === undefined) {
      throw invalidParameter(
        `This server has no topics. Messages for ${channel.SNSTopicArn} go to a data stream with the name of the topic, ` +
          `${streamArn(account, topic === '' ? 'NAME' : topic)}, which does not exist.`,
      );
    }
    return topic;
  };

  const update = async ({ input, principal }: AwsCall<UpdateProcessorInput>): Promise<AwsOutput> => {
    requireAdmin(principal);
    const { processor } = processors.describe(input.Name);
    const changed = changedBy(processor, input);
    if (changed.work.type === 'labels') await requireKnownLabels(parts, processor.stream.name, changed.work);
    processors.change(input.Name, changed);
    return {};
  };

  const list = ({ input, principal }: AwsCall<PageInput>): AwsOutput => {
    requireAdmin(principal);
    const size = pageSize(input, DEFAULT_PAGE);
    const after = pageStart(input, PROCESSOR_NAME);
    const found = processors.list({ limit: size + 1, ...(after === undefined ? {} : { after }) });
    const { items, next } = pageOf(found, size, ({ processor }) => processor.name);
    return {
      StreamProcessors: items.map(({ processor, status }) => ({ Name: processor.name, Status: status })),
      ...next,
    };
  };

  const withName =
    <Input extends NameInput>(work: (input: Input) => AwsOutput | Promise<AwsOutput>) =>
    ({ input, principal }: AwsCall<Input>): Promise<AwsOutput> =>
      translating(() => {
        requireAdmin(principal);
        return work(input);
      });

  return {
    handlers: {
      CreateStreamProcessor: (call: AwsCall<CreateProcessorInput>) => translating(() => create(call)),
      DescribeStreamProcessor: withName(({ Name }) => describe(parts, processors.describe(Name))),
      ListStreamProcessors: (call: AwsCall<PageInput>) => translating(() => list(call)),
      UpdateStreamProcessor: (call: AwsCall<UpdateProcessorInput>) => translating(() => update(call)),
      StartStreamProcessor: withName((input: StartProcessorInput) => ({
        SessionId: processors.begin(input.Name, sessionOf(input)).id,
      })),
      StopStreamProcessor: withName(async ({ Name }) => {
        await processors.stop(Name);
        return {};
      }),
      DeleteStreamProcessor: withName(({ Name }) => {
        processors.remove(Name);
        return {};
      }),
    },
  };
}

function describe(
  { account }: RekognitionParts,
  { processor, status, message }: ProcessorDescription,
): AwsOutput {
  const { name, work, stream, told } = processor;
  return {
    ...told,
    Name: name,
    StreamProcessorArn: processorArn(account, name),
    Status: status,
    StatusMessage: message,
    CreationTimestamp: processor.createdMs,
    LastUpdateTimestamp: processor.updatedMs,
    Input: { KinesisVideoStream: { Arn: stream.arn } },
    Settings:
      work.type === 'face-search'
        ? { FaceSearch: { CollectionId: work.collection, FaceMatchThreshold: work.matchThreshold } }
        : { ConnectedHome: { Labels: work.labels, MinConfidence: work.minConfidence } },
  };
}

/** What is only told again. */
function toldOf(input: CreateProcessorInput): ProcessorRecord['told'] {
  const { RoleArn, Output, NotificationChannel, KmsKeyId, RegionsOfInterest, DataSharingPreference } = input;
  return {
    RoleArn,
    Output,
    ...(NotificationChannel === undefined ? {} : { NotificationChannel: { ...NotificationChannel } }),
    ...(KmsKeyId === undefined ? {} : { KmsKeyId }),
    ...(RegionsOfInterest === undefined ? {} : { RegionsOfInterest: RegionsOfInterest.map(plain) }),
    ...(DataSharingPreference === undefined ? {} : { DataSharingPreference: { ...DataSharingPreference } }),
  };
}

function plain(value: object): Record<string, unknown> {
  return { ...value };
}

function changedBy(
  { work, regions, told }: ProcessorRecord,
  input: UpdateProcessorInput,
): Pick<ProcessorRecord, 'work' | 'regions' | 'told'> {
  const { ParametersToDelete: deleted = [], RegionsOfInterestForUpdate: newRegions } = input;
  const home = input.SettingsForUpdate?.ConnectedHomeForUpdate;
  const hasNoConfidence = deleted.includes('ConnectedHomeMinConfidence');
  if (work.type !== 'labels' && (home !== undefined || hasNoConfidence)) {
    throw invalidParameter('The stream processor looks for faces: it has no ConnectedHome settings.');
  }
  const hasNoRegions = deleted.includes('RegionsOfInterest');
  const { RegionsOfInterest: _told, ...others } = told;
  const sharing = input.DataSharingPreferenceForUpdate;
  return {
    work: work.type === 'labels' ? changedLabels(work, home ?? {}, hasNoConfidence) : work,
    regions: hasNoRegions ? [] : newRegions === undefined ? regions : regionsOf(newRegions),
    told: {
      ...(hasNoRegions ? others : told),
      ...(hasNoRegions || newRegions === undefined ? {} : { RegionsOfInterest: newRegions.map(plain) }),
      ...(sharing === undefined ? {} : { DataSharingPreference: { ...sharing } }),
    },
  };
}

function changedLabels(
  { minConfidence: former, ...work }: LabelWork,
  home: { readonly Labels?: readonly string[]; readonly MinConfidence?: number },
  hasNoConfidence: boolean,
): LabelWork {
  const minConfidence = hasNoConfidence ? undefined : (home.MinConfidence ?? former);
  return {
    ...work,
    ...(home.Labels === undefined ? {} : { labels: labelsOf(home.Labels) }),
    ...(minConfidence === undefined ? {} : { minConfidence }),
  };
}

/** Something of what is asked for must be known to the stream's model. Throws AwsError `InvalidParameterException`. */
async function requireKnownLabels(
  { detection, labelsOf: known }: RekognitionParts,
  stream: string,
  work: LabelWork,
): Promise<void> {
  const { model } = detection.settingsOf(stream);
  const labels = await known(model);
  if (labels === undefined) throw invalidParameter(`The model ${model} of ${stream} cannot be read.`);
  if (modelLabelsOf(classesOf(work)).some((label) => labels.includes(label))) return;
  throw invalidParameter(`The model ${model} of ${stream} knows nothing of ${work.labels.join(', ')}.`);
}

/** What is wrong with an ARN of Kinesis Video is, here, wrong with a parameter. */
function asParameter<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const isOfArn =
      error instanceof AwsError &&
      (error.code === 'InvalidArgumentException' || error.code === 'ResourceNotFoundException');
    throw isOfArn ? invalidParameter(error.message) : error;
  }
}

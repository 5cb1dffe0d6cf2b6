import type { EdgeConfig, EdgeConfiguration } from '../../catalog/configuration-catalog.ts';
import { type AwsCall, AwsError, type AwsOutput } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { requireRetention } from './archived-only.ts';
import type { KnownStream } from './catalog-video-resources.ts';
import type { ControlPlane } from './control-plane.ts';
import { edgeFailure, edgeStatusAt } from './edge-status.ts';
import { namePage } from './name-page.ts';
import type { StreamReference } from './video-resources.ts';
import { requireVideo } from './video-rights.ts';

interface StartInput extends StreamReference {
  readonly EdgeConfig: EdgeConfig;
}

interface ListInput {
  readonly HubDeviceArn: string;
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

const DENIED = 'AccessDeniedException';

/** What an edge device is to record and upload: stored, described, with its states (kvs.md §1.5). */
export function edgeOperations(plane: ControlPlane): OperationTable {
  const { configurations } = plane.catalog;

  const known = (stream: KnownStream): EdgeConfiguration => {
    const configuration = configurations.get(stream.name, 'edge');
    if (configuration !== undefined) return configuration;
    throw new AwsError(
      'StreamEdgeConfigurationNotFoundException',
      `The stream ${stream.name} has no edge configuration.`,
    );
  };

  return {
    handlers: {
      StartEdgeConfigurationUpdate: ({ input, principal, nowMs }: AwsCall<StartInput>) => {
        const stream = plane.resources.find(input, 'admin', principal, DENIED);
        requireRetention(stream);
        const before = configurations.get(stream.name, 'edge');
        const status = before === undefined ? undefined : edgeStatusAt(before, nowMs);
        if (status === 'SYNCING' || status === 'DELETING') {
          throw new AwsError(
            'ResourceInUseException',
            `The edge configuration of ${stream.name} is ${status}.`,
          );
        }
        const configuration: EdgeConfiguration = {
          config: input.EdgeConfig,
          createdMs: before?.createdMs ?? nowMs,
          updatedMs: nowMs,
          wish: 'sync',
        };
        configurations.put(stream.name, 'edge', configuration);
        return edgeOutput(stream, configuration, nowMs);
      },

      DescribeEdgeConfiguration: ({ input, principal, nowMs }: AwsCall<StreamReference>) => {
        const stream = plane.resources.find(input, 'admin', principal, DENIED);
        return { ...edgeOutput(stream, known(stream), nowMs), EdgeAgentStatus: {} };
      },

      DeleteEdgeConfiguration: ({ input, principal, nowMs }: AwsCall<StreamReference>) => {
        const stream = plane.resources.find(input, 'admin', principal, DENIED);
        const configuration = known(stream);
        if (edgeStatusAt(configuration, nowMs) !== 'DELETING') {
          configurations.put(stream.name, 'edge', { ...configuration, updatedMs: nowMs, wish: 'delete' });
        }
        return {};
      },

      ListEdgeAgentConfigurations: ({ input, principal, nowMs }: AwsCall<ListInput>) => {
        const { HubDeviceArn } = input;
        requireVideo(principal, 'admin', 'edge configurations', 'NotAuthorizedException');
        const ofHub = configurations
          .list('edge')
          .filter(({ configuration }) => configuration.config.HubDeviceArn === HubDeviceArn)
          .map(({ stream, configuration }) => ({ name: stream, configuration }));
        const { items, next } = namePage(
          {
            operation: `ListEdgeAgentConfigurations/${HubDeviceArn}`,
            limit: input.MaxResults ?? 5,
            nextToken: input.NextToken,
            prefix: undefined,
          },
          ({ after = '', limit }) => ofHub.filter(({ name }) => name > after).slice(0, limit),
          ({ name }) => plane.streams.record(name) !== undefined,
        );
        const configs = items.flatMap(({ name, configuration }) => {
          const record = plane.streams.record(name);
          if (record === undefined) return [];
          return [edgeOutput(plane.resources.streamOf(record), configuration, nowMs)];
        });
        return { EdgeConfigs: configs, ...next };
      },
    },
  };
}

function edgeOutput(
  { name, arn }: Pick<KnownStream, 'name' | 'arn'>,
  configuration: EdgeConfiguration,
  nowMs: number,
): AwsOutput {
  const status = edgeStatusAt(configuration, nowMs);
  const failure = edgeFailure(status);
  return {
    StreamName: name,
    StreamARN: arn,
    CreationTime: configuration.createdMs,
    LastUpdatedTime: configuration.updatedMs,
    SyncStatus: status,
    ...(failure === undefined ? {} : { FailedStatusDetails: failure }),
    EdgeConfig: configuration.config,
  };
}

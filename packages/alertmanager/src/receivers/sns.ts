import * as v from 'valibot';
import { flag, objectOf, optional, text, textMap, url } from '../config/fields.ts';
import { templateData } from '../template/data.ts';
import { awsCredentialEntries, sendSigned, type AwsCredentialsConfig } from './aws.ts';
import { answerText } from './http.ts';
import { hashKey } from './key.ts';
import { commonEntries, receiverKind, type CommonConfig, type ReceiverKind } from './receiver.ts';
import { truncateBytes } from './truncate.ts';

interface SnsConfig extends CommonConfig {
  readonly api_url?: string;
  readonly sigv4?: AwsCredentialsConfig;
  readonly topic_arn?: string;
  readonly phone_number?: string;
  readonly target_arn?: string;
  readonly subject?: string;
  readonly message?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

const SUBJECT_BYTES = 100;
const MESSAGE_BYTES = 256 * 1024;
const SMS_BYTES = 1600;

/** `sns_configs`: publishes to a topic, a phone or a device. */
export const sns: ReceiverKind = receiverKind<SnsConfig>({
  name: 'sns',
  sendResolved: true,
  schema: objectOf<SnsConfig>({
    ...commonEntries,
    ...optional(url, 'api_url'),
    ...optional(text, 'topic_arn', 'phone_number', 'target_arn', 'subject', 'message'),
    ...optional(textMap, 'attributes'),
    sigv4: v.optional(
      // Roles and profiles belong to AWS's own tools: accepted, so that the file loads, and without effect here.
      objectOf({
        ...awsCredentialEntries,
        ...optional(text, 'profile', 'role_arn', 'external_id'),
        ...optional(flag, 'use_fips_sts_endpoint'),
      }),
    ),
  }),
  check: ({ topic_arn: topic, phone_number: phone, target_arn: target, sigv4 }) => {
    const given = [topic, phone, target].filter((each) => each !== undefined && each !== '').length;
    if (given !== 1) return 'must provide either a Target ARN, Topic ARN, or Phone Number for SNS config';
    const { access_key: access, secret_key: secretKey } = sigv4 ?? {};
    return (access === undefined) === (secretKey === undefined)
      ? undefined
      : 'must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SNS config';
  },
  create: (config, parts) => {
    const client = parts.http(config.http_config);
    return async (notification, signal) => {
      const data = templateData(notification, parts.externalUrl);
      const expand = (template: string | undefined, fallback = ''): string =>
        parts.templates.text(template ?? fallback, data);
      const body = publication(config, expand, notification.groupKey).toString();
      const topicRegion = /^arn:[^:]+:sns:([^:]+):/.exec(config.topic_arn ?? config.target_arn ?? '')?.[1];
      const credentials = {
        ...config.sigv4,
        ...(!config.sigv4?.region && topicRegion && { region: topicRegion }),
      };
      const request = {
        service: 'sns' as const,
        url: (region: string) =>
          `${(config.api_url ?? `https://sns.${region}.amazonaws.com`).replace(/\/+$/, '')}/`,
        contentType: 'application/x-www-form-urlencoded; charset=utf-8',
        body,
        signal,
      };
      return answerText(await sendSigned(client, credentials, request, parts));
    };
  },
});

type Expand = (template: string | undefined, fallback?: string) => string;

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
function publication(config: SnsConfig, expand: Expand, groupKey: string): URLSearchParams {
  const whole = expand(config.message, '{{ template "sns.default.message" . }}');
  const message = truncateBytes(whole, config.phone_number ? SMS_BYTES : MESSAGE_BYTES);
  const form = new URLSearchParams({ Action: 'Publish', Version: '2010-03-31', Message: message });
  const topic = expand(config.topic_arn);
  if (topic !== '') form.set('TopicArn', topic);
  if (config.phone_number) form.set('PhoneNumber', expand(config.phone_number));
  if (config.target_arn) form.set('TargetArn', expand(config.target_arn));
  // Line breaks and control characters are not allowed in a subject.
  const subject = expand(config.subject, '{{ template "sns.default.subject" . }}')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  if (subject !== '') form.set('Subject', truncateBytes(subject, SUBJECT_BYTES));
  if (topic.endsWith('.fifo')) {
    form.set('MessageGroupId', hashKey(groupKey));
    form.set('MessageDeduplicationId', hashKey(`${groupKey}\n${message}`));
  }
  const attributes = Object.entries(config.attributes ?? {}).map(
    ([name, value]) => [name, expand(value)] as const,
  );
  if (message !== whole) attributes.push(['truncated', 'true']);
  for (const [i, [name, value]] of attributes.entries()) {
    const entry = `MessageAttributes.entry.${i + 1}`;
    form.set(`${entry}.Name`, name);
    form.set(`${entry}.Value.DataType`, 'String');
    form.set(`${entry}.Value.StringValue`, value);
  }
  return form;
}

import { objectOf, optional, splitList, text, texts, url } from '../config/fields.ts';
import { templateData } from '../template/data.ts';
import * as v from 'valibot';
import { awsCredentialEntries, sendSigned, type AwsCredentialsConfig } from './aws.ts';
import { answerText, toJson } from './http.ts';
import {
  commonEntries,
  receiverKind,
  type CommonConfig,
  type ReceiverKind,
  type ReceiverParts,
} from './receiver.ts';

interface SesConfig extends CommonConfig, AwsCredentialsConfig {
  readonly from?: string;
  readonly from_env?: string;
  /** A list, or one text with commas. */
  readonly to?: readonly string[];
  readonly to_env?: string;
  readonly subject?: string;
  readonly text?: string;
  readonly html?: string;
  /** The name of a template kept in SES, which then makes the mail from the webhook's data. */
  readonly template?: string;
  /** @default SES's own for the region */
  readonly api_url?: string;
}

const addressList = v.pipe(
  v.union([text, texts]),
  v.transform((value) => (typeof value === 'string' ? splitList(value) : value.flatMap(splitList))),
);

/** `ses_configs`: mail through AWS SES v2. */
export const ses: ReceiverKind = receiverKind<SesConfig>({
  name: 'ses',
  ours: true,
  sendResolved: false,
  schema: objectOf<SesConfig>({
    ...commonEntries,
    ...awsCredentialEntries,
    ...optional(text, 'from', 'from_env', 'to_env', 'subject', 'text', 'html', 'template'),
    ...optional(url, 'api_url'),
    to: v.optional(addressList),
  }),
  check: (config) => {
    if ((config.from ?? config.from_env) === undefined) return 'missing from or from_env in ses config';
    if ((config.to ?? config.to_env) === undefined) return 'missing to or to_env in ses config';
    return config.to?.length === 0 ? 'no recipient in ses config' : undefined;
  },
  create: (config, parts) => {
    const client = parts.http(config.http_config);
    return async (notification, signal) => {
      const data = templateData(notification, parts.externalUrl);
      const expand = (template: string | undefined, fallback: string): string =>
        parts.templates.text(template ?? fallback, data);
      const content =
        config.template === undefined
          ? {
              Simple: {
                Subject: part(
                  expand(config.subject, '{{ template "email.default.subject" . }}').replace(/\s+/g, ' '),
                ),
                Body: {
                  Text: part(expand(config.text, '{{ template "email.default.text" . }}')),
                  Html: part(
                    parts.templates.html(config.html ?? '{{ template "email.default.html" . }}', data),
                  ),
                },
              },
            }
          : { Template: { TemplateName: config.template, TemplateData: toJson(data) } };
      const body = {
        FromEmailAddress: config.from ?? fromEnv(config.from_env, parts),
        Destination: { ToAddresses: config.to ?? splitList(fromEnv(config.to_env, parts)) },
        Content: content,
      };
      const response = await sendSigned(
        client,
        config,
        {
          service: 'ses',
          url: (region) =>
            `${config.api_url ?? `https://email.${region}.amazonaws.com`}/v2/email/outbound-emails`,
          contentType: 'application/json',
          body: toJson(body),
          signal,
        },
        parts,
      );
      return answerText(response);
    };
  },
});

function part(text: string): { Data: string; Charset: string } {
  return { Data: text, Charset: 'UTF-8' };
}

function fromEnv(variable: string | undefined, { secrets }: ReceiverParts): string {
  return (variable === undefined ? undefined : secrets.env[variable]) ?? '';
}

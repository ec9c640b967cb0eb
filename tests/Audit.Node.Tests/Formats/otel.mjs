// The exporters of OpenTelemetry with nothing set but the environment: the endpoint and the token.
import { createRequire } from 'node:module';

const require = createRequire(process.argv[2] + '/');
const load = name => require('@opentelemetry/' + name);
const protocol = process.argv[3];

const { OTLPTraceExporter } = load(`exporter-trace-otlp-${protocol}`);
const { OTLPLogExporter } = load(`exporter-logs-otlp-${protocol}`);
const { OTLPMetricExporter } = load('exporter-metrics-otlp-proto');
const { BasicTracerProvider, BatchSpanProcessor } = load('sdk-trace-base');
const { LoggerProvider, BatchLogRecordProcessor } = load('sdk-logs');
const { MeterProvider, PeriodicExportingMetricReader } = load('sdk-metrics');
const { trace, context, SpanStatusCode } = load('api');

const tracers = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] });
const loggers = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })] });
const meters = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })] });

const tracer = tracers.getTracer('agent', '1.0');
const logger = loggers.getLogger('agent', '1.0');
const root = tracer.startSpan('invoke_agent sums', {
    attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'sums', 'gen_ai.conversation.id': 'conv-' + protocol },
});
const within = trace.setSpan(context.active(), root);
for (let call = 1; call <= 20; call++) {
    const id = 'call-' + call;
    logger.emit({
        eventName: 'gen_ai.tool.call.decision',
        body: 'decided',
        attributes: {
            'gen_ai.tool.name': 'add', 'gen_ai.tool.call.id': id, 'gen_ai.conversation.id': 'conv-' + protocol,
            'gen_ai.tool.call.decision.outcome': call === 20 ? 'deny' : 'allow',
        },
    });
    if (call < 20) {
        const span = tracer.startSpan('execute_tool add', {
            attributes: {
                'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'add', 'gen_ai.tool.call.id': id,
                'gen_ai.tool.call.arguments': JSON.stringify({ a: call, b: 'ü\u0000"' }),
            },
        }, within);
        span.setAttribute('gen_ai.tool.call.result', 'sum ' + call);
        if (call === 19) {
            span.setStatus({ code: SpanStatusCode.ERROR, message: 'too much' });
        }

        span.end();
    }
}

root.end();
meters.getMeter('agent').createCounter('calls').add(20);
await Promise.all([tracers.forceFlush(), loggers.forceFlush(), meters.forceFlush()]);
await Promise.all([tracers.shutdown(), loggers.shutdown(), meters.shutdown()]);

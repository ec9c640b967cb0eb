using System.Collections.Immutable;
using Audit.Formats.AgentCode;
using Audit.Formats.ClaudeCode;
using Audit.Formats.Copilot;
using Audit.Formats.Correlation;
using Audit.Formats.Laravel;
using Audit.Formats.Otlp;

namespace Audit.Formats;

/// <summary>Opens readers for the streams of other systems, by the name of the format.</summary>
public sealed class FormatReaders
{
    private const int Steps = 8192;

    private readonly BoundedMemory<(string Source, string Span), ImmutableList<OtlpSpan>> otlp = new(Steps);
    private readonly CallMemory copilot = new();
    private readonly CallMemory claudeCode = new();

    /// <summary>The formats there are, in the order in which they are shown.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["copilot", "agent-code", "claude-code", "laravel", "otlp", "agent-sdk"];

    /// <summary>What is remembered of OpenTelemetry's traces.</summary>
    public TraceMemory Traces { get; } = new();

    /// <summary>Requests for export of one signal alone.</summary>
    public IFormatReader OpenOtlp(OtlpSignal signal, string source, string? session) =>
        new StrictEvents(new OtlpReader(new OtlpSteps(otlp, source), session, signal));

    /// <param name="session">The session of events that name none.</param>
    /// <returns>Null when there is no format of this name.</returns>
    public IFormatReader? Open(string format, string? session) => format switch
    {
        "copilot" => new StrictEvents(new CopilotReader(copilot, session)),
        "agent-code" => new StrictEvents(new AgentCodeReader(session)),
        "claude-code" => new StrictEvents(new ClaudeCodeReader(claudeCode, session)),
        "laravel" => new StrictEvents(new LaravelReader()),
        "otlp" => new StrictEvents(new OtlpReader(new OtlpSteps(new(Steps), ""), session)),
        "agent-sdk" => new AgentSdkReader(),
        _ => null,
    };

    /// <summary>
    /// The session of a whole stream, where this event of it names it: one format may do so as late as in the last.
    /// </summary>
    public static string? SessionOf(string format, ReadOnlySpan<byte> text)
    {
        if (format != CopilotEvent.Format || text.IndexOf("\"sessionId\""u8) < 0)
        {
            return null;
        }

        try
        {
            return CopilotEvent.Read(StrictEvents.Parse(text)).SessionOfStream;
        }
        catch (UnreadableException)
        {
            return null;
        }
    }
}

/// <summary>agent-sdk writes tool audit records, which are what we speak: they go on byte for byte.</summary>
internal sealed class AgentSdkReader : IFormatReader
{
    public void Read(ReadOnlySpan<byte> text, long number, IFormatSink sink) => sink.Item(text);
}

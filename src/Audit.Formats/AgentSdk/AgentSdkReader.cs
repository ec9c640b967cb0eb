namespace Audit.Formats.AgentSdk;

/// <summary>agent-sdk writes tool audit records, which are what we speak: they go on byte for byte.</summary>
internal sealed class AgentSdkReader : IFormatReader
{
    public void Read(ReadOnlySpan<byte> text, long number, IFormatSink sink) => sink.Item(text);
}

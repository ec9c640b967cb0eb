namespace Audit.Engine;

/// <summary>An act of the node itself, of those who administer it, or of those who read.</summary>
public sealed class OperatorSubmission(string stream, string act, string actor, Timestamp at, ReadOnlyMemory<byte> detail)
    : Submission(new StreamKey(stream))
{
    public OperatorSubmission(string act, string actor, Timestamp at, ReadOnlyMemory<byte> detail)
        : this(StreamNames.Operator(at.ToDateTimeOffset()), act, actor, at, detail)
    {
    }

    public string Act { get; } = act;

    public string Actor { get; } = actor;

    public Timestamp At { get; } = at;

    public ReadOnlyMemory<byte> Detail { get; } = detail;

    public override int Bytes => Detail.Length;
}

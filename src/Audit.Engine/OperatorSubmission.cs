using Audit.Journal;
using Audit.Lifecycle;

namespace Audit.Engine;

/// <summary>An act of the node itself or of those who administer it.</summary>
public sealed class OperatorSubmission(string act, string actor, Timestamp at, ReadOnlyMemory<byte> detail)
    : Submission(new StreamKey(StreamNames.Operator(at.ToDateTimeOffset())))
{
    public string Act { get; } = act;

    public string Actor { get; } = actor;

    public Timestamp At { get; } = at;

    public ReadOnlyMemory<byte> Detail { get; } = detail;

    public override int Bytes => Detail.Length;
}

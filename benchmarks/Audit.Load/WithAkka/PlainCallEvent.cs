namespace Audit.Load;

internal sealed record PlainCallEvent(string Record, DateTime At);

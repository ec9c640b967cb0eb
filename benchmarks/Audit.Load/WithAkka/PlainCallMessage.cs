namespace Audit.Load;

internal sealed record PlainCallMessage(string Id, string Record);

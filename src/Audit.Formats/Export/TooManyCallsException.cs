namespace Audit.Formats.Export;

/// <summary>There is more to tell than an export in lines of sessions holds.</summary>
public sealed class TooManyCallsException() : Exception(
    $"There are more than {SessionBook.MostCalls} calls to tell in lines of sessions; narrow it by a session, a task, a window or a time, "
    + "or export ndjson or csv, which have no end.");

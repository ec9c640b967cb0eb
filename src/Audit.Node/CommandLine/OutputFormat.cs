namespace Audit.Node.CommandLine;

public enum OutputFormat
{
    Table,
    Json,
    Ndjson,
}

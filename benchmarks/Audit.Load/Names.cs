using Audit.Load.Subjects;

namespace Audit.Load;

/// <summary>The names that goals refer to.</summary>
internal static class Names
{
    public const string RawBatch = "raw batch";
    public const string AuditTableAlone = "audit table, 1 connection";
    public const string AuditTableCrowd = "audit table, 48 connections";
    public const string AkkaAsItComes = "Akka.NET as it comes";
    public const string Engine = "engine in process";
    public const string EngineAlone = "engine without a store";
    public const string FirstMessage = "actor, first message";
    public const string LaterMessage = "actor, later message";
    public const string LiveActors = "live actors";
    public const string EngineSingles = "engine, single submissions";
    public const string Ndjson = "NDJSON over HTTP";
    public const string Searchable = "searchable, NDJSON over HTTP";
    public const string Lag = "projections' lag at half speed (p99)";
    public const string Rebuild = "rebuild of the read models";
    public const string Verify = "verify";
    public const string SessionPage = "page of a session of 10,000 calls";
    public const string SearchPage = "first page of a search";
    public const string LargeBody = "100 MB in one body";
    public const string Start = "start until ready";
    public const string Stored = "bytes stored for a record";
    public const string SinglePosts = "single posts";
    public const string Decide = "decision by rule at half speed";
    public const string MillionCalls = "a million calls";
    public const string Retention = "retention beside the intake";
    public const string McpCalls = "call of a tool through audit mcp";

    public static readonly string AkkaEngine = On("akka", Engine);

    /// <summary>The name of a subject that runs with that engine.</summary>
    public static string On(string engine, string name) => engine == "local" ? name : $"{name}, {engine}";
}

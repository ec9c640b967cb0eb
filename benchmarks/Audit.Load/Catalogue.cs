using Audit.Load.Floors;
using Audit.Load.Subjects;

namespace Audit.Load;

/// <summary>All that can be measured. A new floor, peer or subject is one file and one line here.</summary>
internal static class Catalogue
{
    /// <exception cref="WrongUseException">None of them has such a name.</exception>
    public static IReadOnlyList<IMeasured> Of(string kind, LoadOptions options)
    {
        IMeasured[] all =
        [
            new RawBatchSqlite(),
            new AuditTableSqlite(Names.AuditTableAlone, connections: 1),
            new AuditTableSqlite(Names.AuditTableCrowd, connections: 48),
            new RawBatchPostgres(),
            new AuditTablePostgres(Names.AuditTableAlone, connections: 1),
            new AuditTablePostgres(Names.AuditTableCrowd, connections: 48),
            .. AkkaParts.Peers,
            new EngineInProcess(options.Engine),
            .. options.Engine == "akka" ? [new EngineInProcess("local")] : Array.Empty<IMeasured>(),
            .. options.Engine == "local" ? [new EngineAlone()] : AkkaParts.Actors,
            new EngineSingles(options.Engine),
            new NdjsonPosts(options.Node, options.Engine, untilSearchable: false),
            new NdjsonPosts(options.Node, options.Engine, untilSearchable: true),
            new SinglePosts(options.Node, options.Engine),
            .. options.Engine == "local" ? ReadSideSubjects(options) : [],
        ];
        var wanted = all.Where(one => (one.Kind ?? kind) == kind && options.Wants(one)).ToArray();
        return wanted.Length > 0
            ? wanted
            : throw new WrongUseException($"--only knows: {string.Join("; ", all.Select(one => one.Name).Distinct())}.");
    }

    /// <summary>What reads the journal does not care which engine wrote it.</summary>
    private static IMeasured[] ReadSideSubjects(LoadOptions options) =>
    [
        new ProjectionLag(options.Node),
        new ReadModelRebuild(),
        new Verification(options.Node),
        new Retention(options.Node),
        new SessionPages(options.Node),
        new SearchPages(options.Node),
        new LargeBody(options.Node),
        new NodeStart(options.Node),
        new StoredParts(options.Node),
        new DecideAnswers(options.Node),
        new McpCalls(options.Node),
        new MillionCalls(options.Node),
    ];
}

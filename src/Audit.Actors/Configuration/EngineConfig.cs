using System.Reflection;
using Akka.Configuration;
using Akka.Persistence.Sql;
using Audit.Actors.Journal;

namespace Audit.Actors.Configuration;

/// <summary>
/// Puts the engine's configuration together, the strongest first: the store, the environment, the user's file, ours.
/// </summary>
internal static class EngineConfig
{
    public const string JournalKey = "akka.persistence.journal.plugin";

    /// <exception cref="AkkaEngineException">Something of it cannot be used.</exception>
    public static async Task<Config> ReadAsync(AkkaEngineOptions options, Func<string, string?> environment)
    {
        var ours = HoconFiles.Read("remoting.conf").WithFallback(HoconFiles.Read("cluster.conf"));
        var users = options.Hocon is { } text ? HoconFiles.Parse(text) : Config.Empty;
        var own = EnvironmentSettings.Read(environment).WithFallback(users);
        return own.WithFallback(ours).GetString(JournalKey) == SqlJournal.Id
            ? (await StoreSettings.ReadAsync(options.Store)).WithFallback(own)
                .WithFallback(HoconFiles.Read("journal-sql.conf")).WithFallback(ours)
                .WithFallback(SqlPersistence.DefaultConfiguration)
            : own.WithFallback(ours);
    }

    /// <summary>Whether streams that the node does not know are taken for new; only our own journal can.</summary>
    public static bool BetsOnNew(Config config) =>
        config.GetString(JournalKey) == CommitJournal.Id && config.GetBoolean($"{CommitJournal.Id}.bet-on-new");
}

/// <summary>Our own HOCON, which travels in the assembly so that a node cannot be started without it.</summary>
internal static class HoconFiles
{
    public static Config Read(string name)
    {
        using var file = Assembly.GetExecutingAssembly().GetManifestResourceStream($"hocon/{name}")!;
        using var reader = new StreamReader(file);
        return ConfigurationFactory.ParseString(reader.ReadToEnd());
    }

    /// <exception cref="AkkaEngineException">The text is no HOCON.</exception>
    public static Config Parse(string text)
    {
        try
        {
            return ConfigurationFactory.ParseString(text);
        }
        catch (Exception failure)
        {
            throw new AkkaEngineException($"The HOCON file cannot be read: {failure.Message}", failure);
        }
    }
}

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
    /// <exception cref="AkkaEngineException">Something of it cannot be used.</exception>
    public static async Task<Config> ReadAsync(AkkaEngineOptions options, Func<string, string?> environment)
    {
        var ours = HoconFiles.Read("remoting.conf").WithFallback(HoconFiles.Read("cluster.conf"));
        var users = options.Hocon is { } text ? HoconFiles.Parse(text) : Config.Empty;
        var own = EnvironmentSettings.Read(environment).WithFallback(users);
        return own.WithFallback(ours).GetString(JournalDoor.PluginKey) == SqlJournal.Id
            ? (await StoreSettings.ReadAsync(options.Store)).WithFallback(own)
                .WithFallback(HoconFiles.Read("journal-sql.conf")).WithFallback(ours)
                .WithFallback(SqlPersistence.DefaultConfiguration)
            : own.WithFallback(ours);
    }

    /// <summary>Whether streams that the node does not know are taken for new; only our own journal can.</summary>
    public static bool BetsOnNew(Config config) =>
        config.GetString(JournalDoor.PluginKey) == CommitJournal.Id
        && config.GetBoolean($"{CommitJournal.Id}.bet-on-new");
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

/// <summary>What the cluster engine is given beside its HOCON.</summary>
/// <param name="Store">
/// The node's store, `sqlite:PATH` or `postgres:CONNECTION STRING`: the plugin writes into the same one.
/// </param>
/// <param name="Hocon">The text of the user's own file, laid over ours; null for none.</param>
/// <param name="InsecureRemoting">Nodes of other machines may be spoken to in the clear.</param>
public sealed record AkkaEngineOptions(string Store, string? Hocon = null, bool InsecureRemoting = false);

/// <summary>
/// The cluster engine cannot start as it is configured; the message is a sentence for the person who started it.
/// </summary>
public sealed class AkkaEngineException(string message, Exception? inner = null) : Exception(message, inner);

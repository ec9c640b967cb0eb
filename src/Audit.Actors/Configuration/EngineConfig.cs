using System.Reflection;
using Akka.Configuration;
using Akka.Persistence.Sql;

namespace Audit.Actors.Configuration;

/// <summary>
/// Puts the engine's configuration together, the strongest first: the store, the environment, the user's file, ours.
/// </summary>
internal static class EngineConfig
{
    /// <exception cref="AkkaEngineException">Something of it cannot be used.</exception>
    public static async Task<Config> ReadAsync(AkkaEngineOptions options, Func<string, string?> environment)
    {
        var (connection, journal) = await StoreSettings.ReadAsync(options.Store);
        var ours = journal.WithFallback(HoconFiles.Read("remoting.conf")).WithFallback(HoconFiles.Read("cluster.conf"));
        var users = options.Hocon is { } text ? HoconFiles.Parse(text) : Config.Empty;
        return connection.WithFallback(EnvironmentSettings.Read(environment)).WithFallback(users).WithFallback(ours)
            .WithFallback(SqlPersistence.DefaultConfiguration);
    }
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

using System.Reflection;
using Akka.Configuration;

namespace Audit.Actors.Configuration;

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

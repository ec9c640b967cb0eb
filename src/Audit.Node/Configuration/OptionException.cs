namespace Audit.Node.Configuration;

/// <summary>An option that cannot be used; the message is the sentence for the person who gave it.</summary>
public sealed class OptionException(string sentence) : Exception(sentence);

using k8s.Exceptions;

namespace ConntrackOperator.Controller.Configuration;

/// <summary>What a controller that is not set up rightly fails with.</summary>
internal static class SetUpFailure
{
    /// <summary>Whether a file that it was given, or the kubeconfig, is not there, can't be read, or makes no sense.</summary>
    /// <param name="error">What was thrown.</param>
    public static bool IsSetUpFailure(this Exception error) =>
        error is IOException or UnauthorizedAccessException or InvalidDataException or KubeConfigException;
}
